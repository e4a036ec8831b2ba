// The mark: three fish turning into a ring, each the same one a third of a turn on. Drawn for 32 units, legible at 16 pixels.
const FISH =
  'M25.0 21.2Q27.9 21.1 28.6 20.5Q29.3 19.9 29.7 19.1Q30.1 18.3 30.3 17.5Q30.5 16.7 30.4 15.8Q30.4 14.9 30.2 14.1Q29.9 13.3 29.5 12.5Q29.1 11.7 28.6 11.1Q28.0 10.4 27.4 9.9Q26.8 9.3 26.1 9.0Q25.3 8.6 24.6 8.3Q23.8 8.1 23.5 7.4Q23.1 6.8 22.7 6.1Q22.4 5.3 21.9 4.5L21.5 3.7L21.3 7.1L19.0 9.3Q20.3 8.9 21.0 8.8Q21.6 8.7 22.2 8.9Q22.8 9.1 22.8 9.8Q22.9 10.5 22.9 11.1Q22.9 11.7 22.9 12.3Q22.8 12.8 22.7 13.3Q22.7 13.8 22.6 14.3Q22.5 14.7 22.4 15.1Q22.3 15.5 22.3 15.9Q22.3 16.3 22.4 16.7Q22.4 17.1 22.6 17.5Q22.7 18.0 23.0 18.5Q23.2 19.1 24.1 20.1L25.0 21.2Z'

export function Mark({ size }: { size: number }) {
  return (
    <svg className="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      {[0, 120, 240].map(turn => (
        <path key={turn} d={FISH} transform={`rotate(${turn} 16 16)`} />
      ))}
    </svg>
  )
}
