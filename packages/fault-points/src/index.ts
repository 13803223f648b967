import type { FaultPointName } from './fault-point-names.ts'

export { faultPointNames, type FaultPointName } from './fault-point-names.ts'

/** Marks a place where a test may end the process. This is the shipped half: it does nothing. */
export function faultPoint(_name: FaultPointName): void {}
