// The mark: three fish turning into a ring, each the same one a third of a turn on. Drawn for 32 units, legible at 16 pixels.
const FISH =
  'M24.6 22Q25.4 22.4 25.8 22.5Q26.2 22.5 26.6 22.4Q26.9 22.4 27.3 22.2Q27.7 22.1 28.1 21.8Q28.5 21.5 28.8 21.1Q29.1 20.7 29.4 20.2Q29.7 19.8 30 19.2Q30.2 18.6 30.3 17.9Q30.4 17.2 30.3 16.5Q30.3 15.7 30 15Q29.8 14.2 29.3 13.5Q28.9 12.7 28.3 12.1Q27.7 11.4 27 10.8Q26.4 10.3 25.7 9.7Q25 9.2 24.4 8.7L23.8 8.1Q22.1 6.2 20.1 2.4Q20.5 5 20.9 6.6Q19.5 7.3 17.8 9Q21.1 7.7 23.1 8.8Q23.9 10 24.1 10.7Q24.2 11.4 24.1 12.1Q24.1 12.8 23.9 13.4Q23.7 14 23.5 14.5Q23.3 15 23.2 15.4Q23 15.8 22.9 16.2Q22.8 16.6 22.8 16.9Q22.8 17.2 22.8 17.5Q22.8 17.8 22.8 18.1Q22.9 18.5 22.9 18.8Q23 19.1 23.1 19.4Q23.1 19.7 23.3 20Q23.4 20.3 23.5 20.6Q23.6 20.9 23.8 21.2Q24 21.5 24.3 21.7L24.6 22Z'

export function Mark({ size }: { size: number }) {
  return (
    <svg className="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      {[0, 120, 240].map(turn => (
        <path key={turn} d={FISH} transform={`rotate(${turn} 16 16)`} />
      ))}
    </svg>
  )
}
