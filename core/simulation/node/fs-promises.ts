// What simulated code gets when it imports node:fs/promises.
import { thisMachine } from '../machine.ts'
import * as fs from './fs.ts'

export const { constants } = fs

function later<A extends unknown[], T>(call: string, act: (...args: A) => T): (...args: A) => Promise<T> {
  return async (...args) => {
    const machine = thisMachine()
    await new Promise<void>(resolve => machine.after(machine.disk.faults.delayMs(call), `fs.${call}`, () => resolve()))
    return act(...args)
  }
}

export const access = later('access', fs.accessSync)
export const lstat = later('lstat', fs.lstatSync)
export const stat = later('stat', fs.statSync)
export const statfs = later('statfs', fs.statfsSync)
export const realpath = later('realpath', fs.realpathSync)
export const mkdir = later('mkdir', fs.mkdirSync)
export const readdir = later('readdir', fs.readdirSync)
export const readFile = later('read', fs.readFileSync)
export const writeFile = later('write', fs.writeFileSync)
export const rm = later('rm', fs.rmSync)

/** What reads share files: not part of a simulation. */
export async function open(): Promise<never> {
  throw new Error('node:fs/promises open is not simulated')
}
