// The mark: three fish turning into a ring, each the same one a third of a turn on. Drawn for 32 units, legible at 16 pixels. The same fish stands in
// public/mark.svg, from which the icons of the system are made (app/scripts/icons.mjs).
const FISH =
  'M24.7 8.7C27.7 6.7 20.2 -0.8 10.6 4.9Q8.5 6.4 3.1 7.9Q6 7.6 7.6 8.2Q8 9.3 9.4 12.2Q9.1 7.7 11.3 6.3C16.8 11.7 22.4 10.7 24.7 8.7Z'

export function Logo({ size }: { size: number }) {
  return (
    <svg className="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      {[0, 120, 240].map(turn => (
        <path key={turn} d={FISH} transform={`rotate(${turn} 16 16)`} />
      ))}
    </svg>
  )
}
