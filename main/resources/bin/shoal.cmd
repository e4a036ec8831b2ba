@echo off
rem shoal in a terminal: behind -- nothing is a switch of Chromium, and a link may be followed by options.
"%~dp0..\..\Shoal.exe" -- %*
