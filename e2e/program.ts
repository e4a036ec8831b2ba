// A child process that prints one JSON object per line: started, awaited on conditions with a deadline, measured, ended by scope.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { readUsage, type Usage } from './procfs.ts'

export interface ProgramOptions {
  /** Arguments of Node: the script first. */
  readonly args: readonly string[]
  /** Put before Node, to run it as another user or in a namespace. Must end in an exec, so that the process ID stays Node's. */
  readonly prefix?: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Its log, whose end a failure shows. */
  readonly log?: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const SETPRIV = '/usr/bin/setpriv'
/** A test runner that is killed must not leave its peers behind: the system ends them with it (Linux only). */
const DIE_WITH_PARENT = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : []
const SAMPLE_MS = 50
const STDERR_KEPT = 8_000
/** As SHOAL_TRACE=loop writes it. */
const BLOCK = /^(\S+Z) loop block ms=(\d+) cpu=(\d+)(?: work=(\S+) workMs=\d+)?$/

/** For how long nothing else could run in an engine's thread, and what did. */
export interface LoopBlock {
  /** Milliseconds since 1970 when it was over. */
  readonly at: number
  readonly ms: number
  /** That the thread worked; the rest of the time it waited for a core. */
  readonly cpuMs: number
  readonly work: string
}

const longest: Partial<Record<'ms' | 'cpuMs', LoopBlock>> = {} // of all programs of this process
process.on('exit', () => {
  const [blocked, worked] = [longest.ms, longest.cpuMs]
  if (blocked == null || worked == null) return
  const told = ({ ms, cpuMs, work }: LoopBlock): string => `${ms} ms, ${cpuMs} of them at work (${work})`
  console.log(`Longest block of an engine's loop: ${told(blocked)}; with most work: ${told(worked)}`)
})

/** `L` is what a line may be; nothing checks it but the tests, which is what they are for. */
export class Program<L extends { readonly event: string }> implements AsyncDisposable {
  readonly pid: number
  readonly lines: L[] = []
  readonly exited: Promise<Exit>
  /** When the process was started, and when each line arrived: performance.now(), milliseconds. */
  readonly startedAt = performance.now()
  readonly arrivedAt: number[] = []
  stderr = ''
  /** Those over 50 ms, and whatever was longer than all before. None where a test traces something itself. */
  readonly blocks: LoopBlock[] = []
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #name: string
  readonly #log: string | undefined
  readonly #sampler: NodeJS.Timeout
  #exit: Exit | undefined
  #usage: Usage = { peakRssBytes: 0, cpuSeconds: 0 }
  #wake = Promise.withResolvers<void>()
  #badLine: string | undefined

  constructor(options: ProgramOptions) {
    const command = [...DIE_WITH_PARENT, ...(options.prefix ?? []), process.execPath, ...options.args]
    this.#name = options.args.map(arg => path.basename(arg)).join(' ')
    this.#log = options.log
    const [file, ...rest] = command
    this.#child = spawn(file ?? process.execPath, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, SHOAL_NETWORK: 'loopback', NODE_NO_WARNINGS: '1', SHOAL_TRACE: 'loop', ...options.env }
    })
    this.pid = this.#child.pid ?? -1
    this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS)
    this.#sampler.unref()
    createInterface({ input: this.#child.stdout }).on('line', line => this.#take(line))
    createInterface({ input: this.#child.stderr }).on('line', line => {
      if (!this.#takeBlock(line)) this.stderr = `${this.stderr}${line}\n`.slice(-STDERR_KEPT)
    })
    this.exited = new Promise(resolve => {
      this.#child.on('error', error => {
        this.stderr += String(error)
        this.#end({ code: null, signal: null }, resolve)
      })
      this.#child.on('close', (code, signal) => this.#end({ code, signal }, resolve))
    })
  }

  /** Peak resident memory and CPU time as last seen; kept after the end (the last 50 ms of a process may be missing). */
  get usage(): Usage {
    this.#sample()
    return this.#usage
  }

  get exit(): Exit | undefined {
    return this.#exit
  }

  /** The first thing `find` makes of the lines; it is asked again after every line. Rejects with all that is known when the program ends first or the deadline passes. */
  async until<T>(what: string, find: (lines: readonly L[]) => T | undefined, deadlineMs = 30_000): Promise<T> {
    const late = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => late.resolve('late'), deadlineMs)
    try {
      for (;;) {
        if (this.#badLine != null) throw this.failure(`printed a line that is not JSON: ${this.#badLine}`)
        const found = find(this.lines)
        if (found != null) return found
        if (this.#exit != null) throw this.failure(`ended before ${what}`)
        const woken = await Promise.race([this.#wake.promise, late.promise])
        if (woken === 'late') throw this.failure(`no ${what} within ${deadlineMs} ms`)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** The first line with this event that also satisfies `accept`. */
  async line<E extends L['event']>(
    event: E,
    accept: (line: L & { readonly event: E }) => boolean = () => true,
    deadlineMs = 30_000
  ): Promise<L & { readonly event: E }> {
    const isWanted = (line: L): line is L & { readonly event: E } =>
      // The event was just compared: this line is of the member that the name stands for.
      line.event === event && accept(line as L & { readonly event: E })
    return await this.until(`line "${event}"`, lines => lines.find(isWanted), deadlineMs)
  }

  async finish(deadlineMs = 60_000): Promise<Exit> {
    return await this.until('exit', () => this.#exit, deadlineMs)
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#sample()
    this.#child.kill(signal)
  }

  /** An error that carries the command, how it ended, its last lines and its stderr. */
  failure(what: string): Error {
    const end = this.#exit == null ? 'still running' : `exit ${this.#exit.code ?? this.#exit.signal}`
    const last = this.lines.slice(-12).map(line => JSON.stringify(line).slice(0, 600))
    const parts = [
      `${this.#name}\n  ${what} (${end})`,
      `  last lines:\n${last.join('\n')}`,
      `  stderr:\n${this.stderr}`,
      `  log:\n${endOf(this.#log)}`
    ]
    return new Error(parts.join('\n'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit == null) this.kill('SIGKILL')
    await this.exited
  }

  #sample(): void {
    const seen = this.#exit == null ? readUsage(this.pid) : undefined
    if (seen != null) this.#usage = seen
  }

  #take(text: string): void {
    try {
      // What a line may hold is declared by L; a line of another shape fails the test that reads it.
      const line = JSON.parse(text) as L
      this.#sample()
      this.arrivedAt.push(performance.now())
      this.lines.push(line)
    } catch {
      this.#badLine ??= text
    }
    this.#wakeAll()
  }

  #takeBlock(line: string): boolean {
    const [, at, ms, cpuMs, work = 'nothing that has a name'] = BLOCK.exec(line) ?? []
    if (at == null) return false
    const block = { at: Date.parse(at), ms: Number(ms), cpuMs: Number(cpuMs), work }
    this.blocks.push(block)
    for (const by of ['ms', 'cpuMs'] as const) if (block[by] > (longest[by]?.[by] ?? -1)) longest[by] = block
    return true
  }

  #end(exit: Exit, resolve: (exit: Exit) => void): void {
    if (this.#exit != null) return
    clearInterval(this.#sampler)
    this.#exit = exit
    this.#wakeAll()
    resolve(exit)
  }

  #wakeAll(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

const LOG_LINES_SHOWN = 6

function endOf(log: string | undefined): string {
  if (log == null || !existsSync(log)) return ''
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n')
}
