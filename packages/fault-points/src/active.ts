import { readFileSync } from 'node:fs'
import { parseFaultPoint, type ArmedPoint } from './parse-fault-point.ts'
import type { FaultPointName } from './fault-point-names.ts'

export { faultPointNames, type FaultPointName } from './fault-point-names.ts'

// The half that only the export condition `fault-points` selects: no production build has this file.
const given = process.env['FAULT_POINT'] ?? ''
const file = given.startsWith('@') ? given.slice(1) : undefined
const state: { text: string; armed: ArmedPoint | undefined; passes: number } = {
  text: '',
  armed: undefined,
  passes: 0,
}
if (file === undefined) arm(given)

/** Ends, blocks or fails the process at the n-th pass of the point that `FAULT_POINT` names. */
export function faultPoint(name: FaultPointName): void {
  if (file !== undefined) arm(readText(file))
  const { armed } = state
  if (armed?.name !== name) return
  state.passes += 1
  if (state.passes !== armed.pass) return
  process.stderr.write(`fault point ${name}: ${armed.action.kind}\n`)
  act(armed.action)
}

/** A text that changed begins to count anew, so that one process can be armed again and again. */
function arm(text: string): void {
  if (text === state.text) return
  state.text = text
  state.armed = parseFaultPoint(text)
  state.passes = 0
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function act(action: ArmedPoint['action']): void {
  switch (action.kind) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'throw':
      throw new Error('thrown by a fault point')
    case 'crash':
      setImmediate(() => {
        throw new Error('thrown by a fault point where nobody catches it')
      })
      return
    case 'reject':
      void Promise.reject(new Error('rejected by a fault point'))
      return
    case 'block': {
      const end = performance.now() + action.ms
      while (performance.now() < end);
      return
    }
    default:
      action satisfies never
  }
}
