// The places of the window, in the order in which they are shown and reached by Alt and a digit. The page imports this as a value (e2e/layers.test.ts).
export const PLACES = ['home', 'transfers', 'library', 'peers', 'settings'] as const
export type Place = (typeof PLACES)[number]
