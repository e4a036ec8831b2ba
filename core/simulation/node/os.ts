// What simulated code gets when it imports node:os.

export const availableParallelism = (): number => 4
export const homedir = (): string => '/home'

/** Whose peers can be reached says the simulated internet. */
export const networkInterfaces = () => ({})

export default { availableParallelism, homedir, networkInterfaces }
