// The page, for a browser and for the window: files of its own only, nothing inline, so that the strictest policy fits it.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  logLevel: 'warn',
  clearScreen: false,
  build: {
    outDir: '../out/ui',
    emptyOutDir: true,
    sourcemap: 'hidden', // for whoever looks for a fault, and for pack:check; neither served nor packed
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500
  }
})
