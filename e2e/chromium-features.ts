// What a Chromium under test is told to do without. The last `--disable-features` of a command line is the only one that counts: it holds whoever's they are.

/** Made anew for every window or profile, and never seen: renderers that cost more processor time than all of our page. Chromium knows them by these names, and passes over those it does not. */
export const UNSEEN = [
  'WebUIOmniboxPopup', // what drops down from the address bar
  'WebUIOmniboxAimPopup',
  'SpareRendererForSitePerProcess' // for a next site, which does not come
]

/** What Playwright 1.65 turns off by itself. */
export const PLAYWRIGHTS = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch'
]
