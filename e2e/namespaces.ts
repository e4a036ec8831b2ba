// Networks that a test makes for itself: hosts as network namespaces, cables as veth pairs, switches as bridges in namespaces of their own. Nothing is
// attached to the machine's own network, so modes other than loopback may be used inside.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'

export interface Host {
  readonly name: string
  /** Before a program and its arguments: runs it on this host. */
  readonly prefix: readonly string[]
}

/** Everything made here is gone with the scope, also when half of it failed. Where `whyNoRights` has an answer nothing can be made. */
export class Namespaces implements Disposable {
  readonly #prefix = `${process.env.SHOAL_TEST_RUN ?? 'shoal'}-${randomBytes(4).toString('hex')}`
  readonly #made: string[] = []
  #switches = 0
  #cables = 0

  /** A host with nothing but its loopback interface. */
  host(name: string): Host {
    const full = `${this.#prefix}-${name}`
    ip('netns', 'add', full)
    this.#made.push(full)
    ip('-n', full, 'link', 'set', 'lo', 'up')
    return { name: full, prefix: ['ip', 'netns', 'exec', full] }
  }

  /** A switch; `plug` puts a host on it, as the interface and address given (with prefix length). */
  switch(): {
    readonly name: string
    plug(host: Host, device: string, address: string): void
    unplug(host: Host, device: string): void
  } {
    const { name } = this.host(`switch${this.#switches++}`)
    ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge')
    // a switch that snoops would keep multicast from hosts until their first membership report
    ip('-n', name, 'link', 'set', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
    ip('-n', name, 'link', 'set', 'br0', 'up')
    return {
      name,
      plug: (host, device, address) => {
        const port = `p${this.#cables++}`
        ip('link', 'add', port, 'netns', name, 'type', 'veth', 'peer', 'name', device, 'netns', host.name)
        ip('-n', name, 'link', 'set', port, 'master', 'br0', 'up')
        ip('-n', host.name, 'address', 'add', address, 'dev', device)
        ip('-n', host.name, 'link', 'set', device, 'up')
      },
      unplug: (host, device) => ip('-n', host.name, 'link', 'set', device, 'down')
    }
  }

  /** The route for everything that no other one fits. */
  defaultRoute(host: Host, device: string): void {
    ip('-n', host.name, 'route', 'add', 'default', 'dev', device)
  }

  [Symbol.dispose](): void {
    for (const name of this.#made.splice(0).reverse()) {
      try {
        ip('netns', 'delete', name) // its cables go with it
      } catch (error) {
        console.error(
          `The network namespace ${name} is left behind: ${error instanceof Error ? error.message : 'unknown'}`
        )
      }
    }
  }
}

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
