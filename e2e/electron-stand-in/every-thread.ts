// What Electron's Node has and lacks, in every thread and every Node process started from the main process: the versions,
// and no ciphers or digests that BoringSSL does not have. In Worker threads the `electron` module does not exist,
// as in Electron; without this, `import 'electron'` there would find the npm package, which starts a download.

import crypto from 'node:crypto'
import { registerHooks, syncBuiltinESMExports } from 'node:module'
import v8 from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import { electronVersion, v8Version } from './version.ts'

const versions = {
  ...process.versions,
  electron: electronVersion(),
  chrome: process.env.STAND_IN_CHROME ?? '0.0.0.0',
  v8: v8Version()
}
Object.defineProperty(process, 'versions', { value: versions, configurable: true, enumerable: true })
const executable = process.env.STAND_IN_EXECUTABLE
if (executable != null) process.execPath = executable

const MISSING_CIPHER = /chacha|ccm$|ocb$|aria|camellia|wrap/i
/** Flags that this Node's V8 has and Electron's has not: there it only says so. */
const MISSING_FLAG = /external-memory-accounted/
const MISSING_DIGEST = /^(rsa-)?(blake2|sha3-|shake|sm3)/i
// https://github.com/electron/electron/issues/24024 and what BoringSSL's decrepit and crypto folders leave out
takeAway('createCipheriv', MISSING_CIPHER, 'Unknown cipher', 'ERR_CRYPTO_UNKNOWN_CIPHER')
takeAway('createDecipheriv', MISSING_CIPHER, 'Unknown cipher', 'ERR_CRYPTO_UNKNOWN_CIPHER')
takeAway('createHash', MISSING_DIGEST, 'Digest method not supported', 'ERR_CRYPTO_INVALID_DIGEST')
takeAway('createHmac', MISSING_DIGEST, 'Digest method not supported', 'ERR_CRYPTO_INVALID_DIGEST')
takeAway('hash', MISSING_DIGEST, 'Digest method not supported', 'ERR_CRYPTO_INVALID_DIGEST')
const { getCiphers, getHashes } = crypto
Object.assign(crypto, {
  getCiphers: () => getCiphers().filter(name => !MISSING_CIPHER.test(name)),
  getHashes: () => getHashes().filter(name => !MISSING_DIGEST.test(name))
})
const { setFlagsFromString } = v8
Object.assign(v8, {
  setFlagsFromString(flags: string): void {
    if (MISSING_FLAG.test(flags)) console.error(`Error: unrecognized flag ${flags}\nTry --help for options`)
    else setFlagsFromString(flags)
  }
})
syncBuiltinESMExports()

type Named = 'createCipheriv' | 'createDecipheriv' | 'createHash' | 'createHmac' | 'hash'

function takeAway(name: Named, missing: RegExp, message: string, code: string): void {
  const original = crypto[name]
  const guarded = (...args: unknown[]): unknown => {
    if (missing.test(String(args[0]))) throw Object.assign(new Error(message), { code })
    return Reflect.apply(original, crypto, args)
  }
  Object.assign(crypto, { [name]: guarded })
}

if (!isMainThread || process.env.ELECTRON_RUN_AS_NODE) {
  registerHooks({
    resolve: (id, context, next) => {
      if (/^electron(\/|$)/.test(id)) throw new Error(`Cannot find module '${id}' (stand-in: main thread only)`)
      return next(id, context)
    }
  })
}
