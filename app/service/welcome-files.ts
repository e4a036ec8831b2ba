// What "See it work" gets: a folder small enough to arrive at once, worth a look when it has.

export const WELCOME_FOLDER = 'Welcome to Shoal'

const START = `Welcome to Shoal

These files have just come from another copy of Shoal. It ran on this very
computer, but everything went the way it goes between two computers: a link
was opened, a connection was made, and every byte was checked against the
link before it was written here. That check is what the green mark means.

To share
    Drop files or a folder on the window. Nothing is copied or uploaded:
    your files stay where they are. The link is on the clipboard as soon as
    it is ready. Send it any way you like.

To get
    Paste a link anywhere in the window. You see what is inside before
    anything is downloaded, and you choose what you want and where it goes.

Good to know
    - Whoever has the link can get the files. Nobody can get anything else.
    - The link names the content itself. If a file is changed later, the
      link never leads to the changed one: share it again for a new link.
    - Close Shoal, pull the plug, change networks: a download resumes where
      it stopped, from any device that has the files by then.
    - Whoever has got the files passes them on. With several people getting
      the same thing, it is faster for everyone.

You can delete this folder at any time.
`

const KEYS = `Keys

    Ctrl V (on a Mac: Command V)   preview the link, or share the files,
                                   that you have copied
    Alt 1 ... Alt 5                Home, Downloads, Library, Peers, Settings
    Up, Down, Home, End            from row to row in a list
    Enter                          details of the row
    Tab                            from one control to the next
    Escape                         close what is open

Everything that can be done with the mouse can be done with the keys.
`

const FISH = 'M0-12C7-14 22-12 30 0C22 12 7 14 0 12C-9 9-17 4-22 0L-34 10L-30 0L-34-10L-22 0C-17-4-9-9 0-12Z'

/** Fish at even steps around a ring, each swimming along it. */
const ring = (count: number, radius: number, scale: number, colour: string): string =>
  Array.from({ length: count }, (_, n) => {
    const turn = Math.round((n * 3600) / count) / 10
    return `  <path fill="${colour}" transform="rotate(${turn}) translate(0 -${radius}) scale(${scale})" d="${FISH}"/>`
  }).join('\n')

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-320 -320 640 640" width="640" height="640">
  <title>A shoal</title>
  <rect x="-320" y="-320" width="640" height="640" rx="48" fill="#0d2a26"/>
${ring(9, 240, 1.3, '#2bb398')}
${ring(7, 168, 1, '#5fd6bd')}
${ring(5, 106, 0.75, '#8ee6d2')}
</svg>
`

/** Name to content; the bytes never change within a version, so that the link does not either. */
export const WELCOME_FILES: Readonly<Record<string, string>> = {
  'Keys.txt': KEYS,
  'Shoal.svg': PICTURE,
  'Start here.txt': START
}
