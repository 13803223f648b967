import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually, startProcess } from '@waybill/testing'
import type { ProcessLine, TestProcess } from '@waybill/testing'

const program = fileURLToPath(new URL('support/chatty.ts', import.meta.url))
const hasStarted = ({ fields }: ProcessLine) => fields['message'] === 'process.started'
let running: TestProcess | undefined

afterEach(async () => {
  await running?.stop(0)
})

describe('startProcess', () => {
  it('collects what the program prints, and gives it no environment but what it is told', async () => {
    process.env['LEAK'] = 'yes'
    running = startProcess({ program, args: ['one'], env: { NODE_NO_WARNINGS: '1' } })
    const line = await running.waitForLine(hasStarted)
    delete process.env['LEAK']
    expect(line.fields).toEqual({ message: 'process.started', args: ['one'] })
    expect(running.lines).toContainEqual({ stream: 'stderr', text: 'a warning', fields: {} })
    expect(await running.stop()).toEqual({ code: 3, signal: null })
  })

  it('fails a wait at once, with the last lines, when the program ends', async () => {
    running = startProcess({ program, args: ['crash'] })
    await expect(running.waitForLine(() => false, 60_000)).rejects.toThrow(/ended \(code 1\)[^]*out of paper/)
  })

  it('kills the group of a program that ignores SIGTERM', async () => {
    running = startProcess({ program, env: { STUBBORN: '1' } })
    await running.waitForLine(hasStarted)
    expect(await running.stop(50)).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('does not leave the program behind when the test itself is killed', async () => {
    running = startProcess({ program: fileURLToPath(new URL('support/starts-chatty.ts', import.meta.url)) })
    const { fields } = await running.waitForLine((line) => typeof line.fields['child'] === 'number')
    const child = Number(fields['child'])
    expect(isAlive(child)).toBe(true)
    running.kill('SIGKILL')
    await eventually(() => !isAlive(child))
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
