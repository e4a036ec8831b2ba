// The typed client of the contract over any connection the platform has. Errors come back as Failure, with the code they were thrown with.
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '../app/contract/contract.ts'
import type { WindowContract } from '../app/contract/window-contract.ts'
import { type Code, isCode } from './sentences.ts'

export type Client = ContractRouterClient<Contract>
export type WindowClient = ContractRouterClient<WindowContract>['window']

/** A connection as browsers have it; the desktop's port comes dressed as one. */
export type RpcSocket = ConstructorParameters<typeof RPCLink>[0]['websocket']

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: Code
  constructor(code: Code, message: string) {
    super(message)
    this.code = code
  }
}

export const openClient = (socket: RpcSocket): Client => createORPCClient(new RPCLink({ websocket: socket }))
export const openWindowClient = (socket: RpcSocket): WindowClient =>
  createORPCClient<ContractRouterClient<WindowContract>>(new RPCLink({ websocket: socket })).window

/** Anything thrown by a call, as what the user can be told. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof ORPCError && isCode(error.code)) return new Failure(error.code, error.message)
  if (error instanceof Error && error.name === 'AbortError') return new Failure('cancelled', '')
  return new Failure('internal', '')
}
