import { setTimeout as pause } from 'node:timers/promises'
import { faultPoint } from '@waybill/fault-points'

// Long enough for a test to arm a point meanwhile, and no longer.
const passes = process.env['FAULT_POINT']?.startsWith('@') ? 1_000 : 3
for (let i = 1; i <= passes; i += 1) {
  faultPoint('fan-out.claimed')
  process.stdout.write(`passed ${i}\n`)
  await pause(20)
}
