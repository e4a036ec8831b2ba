// The way into the simulator: the runtime is put under the real code before any of it is loaded.
import { install, replacedImports } from '../../core/simulation/runtime.ts'

/** Once for a process: what is imported here is not what a test imports directly. */
export async function loadSimulator() {
  install()
  await import('../../core/store/leaf-worker.ts')
  await import('../../core/files/hash-worker.ts')
  const [{ simulate }, { planOf }] = await Promise.all([import('./simulate.ts'), import('./plan.ts')])
  return { simulate, planOf, replacedImports }
}
