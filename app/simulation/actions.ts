// What people and the world do in a simulated run, step by step, and what must come of it in the end.
import { codeOf } from '../../core/errors.ts'
import { formatLink } from '../../core/link.ts'
import { parseRoot } from '../../core/cid.ts'
import { callsOf } from '../../core/simulation/program.ts'
import type { Transfer } from '../contract/shapes.ts'
import { BUSY_CODES } from '../../core/store/disk-names.ts'
import { PART } from '../../core/store/part-tree.ts'
import { transferId } from '../service/transfer-rows.ts'
import { type Computer, DOWNLOADS, SHARED } from './computer.ts'
import type { Content } from './content.ts'
import { madeBytes } from './content.ts'
import { DiskScript } from './disk-script.ts'
import type { Plan } from './plan.ts'
import { type Event, isWish, type Wish } from './steps.ts'
import { isOff } from './off.ts'
import { find, type Watch } from './watch.ts'
import { WhoHas } from './who-has.ts'
import type { World } from './world.ts'

/** How one may end of something that a liar offers. */
const LIES: ReadonlySet<string> = new Set(['bad-content', 'hash-mismatch'])
/** How a download may end although nothing is wrong where it is. */
const WITHOUT_FAULT: ReadonlySet<string> = new Set([
  'no-providers',
  'disk-full',
  'cancelled',
  'source-changed',
  'crashed'
])

const ALL_IS_WELL = { isUp: true, isSilent: false, isSlow: false }

/** What is closed without being waited for is closed by then. */
const LINGER_MS = 1_000

export class Actions {
  readonly #world: World
  readonly #plan: Plan
  readonly #contents: readonly Content[]
  readonly #watch: Watch
  readonly #scripts = new Map<Computer, DiskScript>()
  readonly #open = new Set<Promise<void>>()

  constructor(world: World, plan: Plan, contents: readonly Content[], watch: Watch) {
    this.#world = world
    this.#plan = plan
    this.#contents = contents
    this.#watch = watch
  }

  /** Starts everybody, and plans the steps: what happens to computers, until the faults stop. */
  begin(): void {
    for (const computer of this.#world.computers) {
      const script = new DiskScript(this.#world.dice.fork())
      script.onFault = (call, path, code) => this.#world.note(`${call} ${path}: ${code}`, computer.machine)
      this.#scripts.set(computer, script)
      computer.disk.faults = script
      this.#do(`start ${computer.name}`, async () => computer.start())
    }
    for (const step of this.#plan.steps) {
      if (step.at > this.#plan.calmAt && !isWish(step)) continue
      const computer = this.#computer(step.node)
      this.#world.timeline.after(step.at, undefined, 'step', () => {
        this.#world.note(`step ${JSON.stringify(step)}`, computer.machine)
        this.#do(`${step.do} on ${computer.name}`, async () =>
          isWish(step) ? this.#ask(step, computer) : this.#happen(step, computer)
        )
      })
    }
  }

  /** Faults are over: disks work and have room, links are up, everybody is on. People go on with what rests, and try again what their disk stopped. */
  calm(): void {
    this.#world.note('calm')
    const needsHelp = new Map([...this.#scripts].map(([computer, { needsHelp }]) => [computer, needsHelp]))
    for (const script of this.#scripts.values()) script.calm()
    for (const a of this.#world.computers) {
      a.disk.capacityBytes = this.#plan.nodes[this.#world.computers.indexOf(a)]?.capacityBytes ?? a.disk.capacityBytes
      for (const b of this.#world.computers) {
        const path = this.#world.internet.path(a.peer.peerId, b.peer.peerId)
        Object.assign(path, ALL_IS_WELL)
        this.#world.internet.pathChanged(a.peer.peerId, b.peer.peerId)
      }
    }
    for (const computer of this.#world.computers) {
      this.#do(`calm ${computer.name}`, async () => {
        if (!computer.isOn) await computer.start()
        const rows = await computer.ask(service => service.transfer.list({}, computer.caller))
        const stuck = rows.find(it => it.state === 'failed' && it.error != null && !this.#isFaultless(it))
        if (stuck != null && needsHelp.get(computer) !== true)
          this.#world.break(
            `${computer.name}: ${stuck.name} fails, and nothing was wrong there that does not pass: ${shown(stuck)}`
          )
        const isHelped = (it: Transfer): boolean =>
          it.state === 'paused' || it.state === 'failed' || (it.state !== 'done' && needsHelp.get(computer) === true)
        for (const { id } of rows.filter(isHelped))
          await computer.ask((service, caller) => service.transfer.retry({ id }, caller))
      })
    }
  }

  /** Whether nothing goes on any more. */
  async isSettled(): Promise<boolean> {
    if (this.#open.size > 0) return false
    const whoHas = await WhoHas.now(this.#world.computers)
    return this.#world.computers.every(
      computer =>
        computer.isOn && whoHas.transfers(computer).every(it => saysWhy(it) && !this.#canComplete(it, computer, whoHas))
    )
  }

  /** Every transfer that can complete has; every other one says why not. Returns how many have. */
  async lookAtEnd(): Promise<number> {
    let done = 0
    const whoHas = await WhoHas.now(this.#world.computers)
    for (const computer of this.#world.computers) {
      for (const row of whoHas.transfers(computer)) {
        if (row.state === 'done') done++
        else if (this.#canComplete(row, computer, whoHas))
          this.#world.break(`${computer.name}: ${row.name} can be got and is not: ${shown(row)}`)
        else if (!saysWhy(row))
          this.#world.break(`${computer.name}: ${row.name} does not say what it waits for: ${shown(row)}`)
      }
    }
    return done
  }

  /** Everybody quits: nothing is left of anything. */
  async end(): Promise<void> {
    for (const computer of this.#world.computers) {
      const { machine } = computer
      if (machine == null || !computer.isOn) continue
      await computer.quit(LINGER_MS)
      const { openFiles } = callsOf(machine)
      if (openFiles.length > 0) this.#world.break(`${computer.name} has quit, and holds ${openFiles.join()}`)
    }
  }

  #canComplete(row: Transfer, computer: Computer, whoHas: WhoHas): boolean {
    const content = this.#contents.find(it => it.root === row.root)
    return isGoing(row) && content != null && whoHas.canComplete(row, computer, content)
  }

  #do(what: string, act: () => Promise<void>): void {
    const done = act().catch((error: unknown) => this.#onFailed(what, error))
    this.#open.add(done)
    void done.then(() => this.#open.delete(done))
  }

  /** People are told codes; anything else is a fault of the program. */
  #onFailed(what: string, thrown: unknown): void {
    if (isOff(thrown)) return
    const code = codeOf(thrown)
    this.#world.note(`${what}: ${code}`)
    if (code === 'internal') this.#world.break(`${what} fails with what nobody foresaw: ${String(thrown)}`, thrown)
  }

  #computer(node: number): Computer {
    return this.#world.computers[node % this.#world.computers.length]!
  }

  async #ask(step: Wish, computer: Computer): Promise<void> {
    switch (step.do) {
      case 'share':
        return this.#share(computer, this.#contents[step.content]!)
      case 'unshare':
        await computer.ask((service, caller) =>
          service.share.remove({ root: this.#contents[step.content]!.root }, caller)
        )
        return
      case 'get':
        await this.#get(computer, step)
        computer.cancelled.delete(this.#contents[step.content]!.root)
        return
      case 'cancel':
        computer.cancelled.add(this.#contents[step.content]!.root)
        return this.#ofTransfer(step, computer)
      case 'pause':
      case 'resume':
      case 'retry':
      case 'remove':
      case 'startNow':
        return this.#ofTransfer(step, computer)
      case 'limit':
        await computer.ask((service, caller) => service.settings.set({ activeDownloads: step.active }, caller))
        return
      default:
        step satisfies never
    }
  }

  async #ofTransfer(
    step: Wish & { do: 'pause' | 'resume' | 'cancel' | 'retry' | 'remove' | 'startNow' },
    computer: Computer
  ): Promise<void> {
    const id = transferId(this.#contents[step.content]!.root, DOWNLOADS)
    await computer.ask((service, caller) => service.transfer[step.do]({ id }, caller))
  }

  async #happen(step: Event, computer: Computer): Promise<void> {
    const script = this.#scripts.get(computer)!
    switch (step.do) {
      case 'quit':
        return computer.quit()
      case 'start':
        if (!computer.isOn && computer.machine == null) await computer.start()
        return
      case 'kill':
        return computer.kill()
      case 'cut':
        return this.#cut(computer)
      case 'crash':
        script.crashAfter(step.calls, () => (step.isCut ? this.#cut(computer) : computer.kill()))
        return
      case 'change':
        return this.#change(computer, this.#contents[step.content]!, step.file, step.how)
      case 'place':
        return placeOwn(computer, this.#contents[step.content]!, step.what)
      case 'fill':
        computer.disk.capacityBytes -= Math.max(0, computer.disk.freeBytes - step.leaveBytes)
        return
      case 'free':
        computer.disk.capacityBytes = this.#plan.nodes[step.node]?.capacityBytes ?? computer.disk.capacityBytes
        return
      case 'fail':
        return this.#until(step.forMs, script.fail(step.fault, isPassing(step, computer)))
      case 'slow':
        return this.#until(step.forMs, script.slow(step.call, step.ms))
      case 'link':
        return this.#link(computer, this.#computer(step.to), step.how, step.forMs)
      default:
        step satisfies never
    }
  }

  #until(ms: number, end: () => void): void {
    this.#world.timeline.after(ms, undefined, 'fault.over', end)
  }

  #cut(computer: Computer): void {
    computer.cut()
    this.#watch.lookAfterCut(computer)
  }

  async #share(computer: Computer, content: Content): Promise<void> {
    const at = `${SHARED}/${content.name}`
    for (const path of content.files.keys()) this.#put(computer, content, path)
    const { grants } = await computer.ask((service, caller) =>
      service.grant.paths({ paths: [at], use: 'read' }, caller)
    )
    const { job } = await computer.ask((service, caller) =>
      service.share.create({ grants, skipUnreadable: false }, caller)
    )
    const root = await computer.ask(async (service, caller) => {
      for await (const event of service.share.follow({ job }, caller)) if (event.type === 'shared') return event.root
      return undefined
    })
    if (root != null && root !== content.root)
      this.#world.note(`shares ${content.name} as it was changed`, computer.machine)
  }

  #put(computer: Computer, content: Content, path: string): void {
    computer.put(`${SHARED}/${content.name}${path === '' ? '' : `/${path}`}`, content.bytes(path))
  }

  async #get(computer: Computer, step: Wish & { do: 'get' }): Promise<void> {
    const content = this.#contents[step.content]!
    const addrs = step.hints ? this.#world.computers.filter(it => it !== computer).map(it => it.peer.addr) : []
    const sizeBytes = content.layout.sizeBytes
    const link = formatLink({ root: parseRoot(content.root), name: content.name, sizeBytes, addrs })
    const { grants } = await computer.ask((service, caller) =>
      service.grant.paths({ paths: [DOWNLOADS], use: 'write' }, caller)
    )
    const { selection, first, giveUpAfterMs } = step
    const { id } = await computer.ask((service, caller) =>
      service.transfer.start(
        { link, folder: grants[0]!, selection: selection && [...selection], addrs: [], giveUpAfterMs, first },
        caller
      )
    )
    this.#follow(computer, content, id)
  }

  /** Hears how it ends: never with what only a liar or a fault of the program could have caused. */
  #follow(computer: Computer, content: Content, id: string): void {
    const follow = computer.ask(async (service, caller) => {
      for await (const event of service.transfer.follow({ id }, caller))
        if (event.type !== 'progress') this.#world.note(`${content.name} is ${event.type}`, computer.machine)
    })
    follow.catch((error: unknown) => {
      if (isOff(error)) return
      const code = codeOf(error)
      this.#world.note(`${content.name} fails: ${code}`, computer.machine)
      const isLie = code != null && LIES.has(code)
      if (code === 'internal' || code === 'data-damaged' || (isLie && !this.#isLiedAbout(content)))
        this.#world.break(`${computer.name}: ${content.name} fails with ${code}`, error)
    })
  }

  #isFaultless({ root, error }: Transfer): boolean {
    if (error == null || WITHOUT_FAULT.has(error.code)) return true
    const content = this.#contents.find(it => it.root === root)
    return LIES.has(error.code) && content != null && this.#isLiedAbout(content)
  }

  /** Whoever gets something that a liar offers may give up with that. */
  #isLiedAbout(content: Content): boolean {
    const about = this.#contents.indexOf(content)
    return (this.#plan.hostile ?? []).some(({ manner, contents }) => manner === 'lying' && contents.includes(about))
  }

  #change(computer: Computer, content: Content, file: number, how: 'write' | 'touch' | 'delete' | 'restore'): void {
    const path = [...content.files.keys()][file % content.files.size]!
    const at = `${SHARED}/${content.name}${path === '' ? '' : `/${path}`}`
    if (how === 'delete') computer.remove(at)
    else if (how === 'touch') computer.touch(at)
    else if (how === 'restore') this.#put(computer, content, path)
    else computer.put(at, madeBytes(content.bytes(path).length + (file % 2), file + 77))
  }

  #link(a: Computer, b: Computer, how: 'down' | 'silent' | 'slow', forMs: number): void {
    if (a === b) return
    const { internet } = this.#world
    const path = internet.path(a.peer.peerId, b.peer.peerId)
    if (how === 'down') path.isUp = false
    if (how === 'silent') path.isSilent = true
    if (how === 'slow') path.isSlow = true
    internet.pathChanged(a.peer.peerId, b.peer.peerId)
    this.#until(forMs, () => {
      Object.assign(path, ALL_IS_WELL)
      internet.pathChanged(a.peer.peerId, b.peer.peerId)
    })
  }
}

/** Only where nothing of that name stands: people who write over what they got are another matter. */
function placeOwn(computer: Computer, content: Content, what: 'copy' | 'other' | 'inside'): void {
  const top = `${DOWNLOADS}/${content.name}`
  if (what === 'inside') {
    const around = [`${top}${PART}`, top].find(at => content.isFolder && find(computer.disk, at) != null)
    if (around != null && find(computer.disk, `${around}/mine.txt`) == null)
      computer.putOwn(`${around}/mine.txt`, Buffer.from('my own'))
    return
  }
  if (find(computer.disk, top) != null) return
  const paths = [...content.files.keys()]
  for (const path of what === 'copy' ? paths : paths.slice(0, 1)) {
    const bytes = content.bytes(path)
    computer.putOwn(path === '' ? top : `${top}/${path}`, what === 'copy' ? bytes : madeBytes(bytes.length, 99))
  }
}

/** What a virus scanner does on Windows: it is waited for. */
const isPassing = ({ fault, forMs }: Event & { do: 'fail' }, { platform }: Computer): boolean =>
  platform === 'win32' &&
  forMs < 5_000 &&
  BUSY_CODES.has(fault.code) &&
  fault.calls.every(it => /rename|link|unlink|rmdir/.test(it))

const isGoing = ({ state }: Pick<Transfer, 'state'>): boolean =>
  state !== 'done' && state !== 'failed' && state !== 'paused'

/** Of one that is not done: it moves no bytes, and people can see why. */
const saysWhy = ({ state, waitingFor }: Transfer): boolean =>
  !isGoing({ state }) || state === 'queued' || state === 'finding' || waitingFor != null

const shown = ({ state, waitingFor, error, bytes, total }: Transfer): string =>
  JSON.stringify({ state, waitingFor, error: error?.code ?? null, bytes, total })
