// Several that take work from one queue. `Promise.all` tells of the first that fails while the others go on, with files that are closed meanwhile.

/**
 * Runs so many at once; settles when all of them have ended. Rejects with what the first one failed with; `isOver` says to the others that it did, so that
 * they take no more work.
 */
export async function together(count: number, run: (isOver: () => boolean) => Promise<void>): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  const guarded = async (): Promise<void> => {
    try {
      await run(() => failure != null)
    } catch (error) {
      failure ??= { error }
    }
  }
  await Promise.all(Array.from({ length: count }, guarded))
  if (failure != null) throw failure.error
}
