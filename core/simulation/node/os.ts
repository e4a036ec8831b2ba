// What simulated code gets when it imports node:os.

export const availableParallelism = (): number => 4
export const homedir = (): string => '/home'

export default { availableParallelism, homedir }
