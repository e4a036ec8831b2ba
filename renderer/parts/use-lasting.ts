// Something that is only worth showing once it has lasted: what is over at once would flash.
import { useEffect, useState } from 'react'

export function useLasting(isNow: boolean, ms: number): boolean {
  const [hasLasted, setLasted] = useState(false)
  useEffect(() => {
    if (!isNow) return
    const timer = setTimeout(() => setLasted(true), ms)
    return () => {
      clearTimeout(timer)
      setLasted(false)
    }
  }, [isNow, ms])
  return isNow && hasLasted
}
