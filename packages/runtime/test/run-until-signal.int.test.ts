import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { afterEach, describe, expect, it } from '@jest/globals'

const script = new URL('./process-under-test.ts', import.meta.url).pathname
const children: ChildProcess[] = []
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')))

function run(mode: string) {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', script, mode])
  children.push(child)
  let output = ''
  const watchers: (() => void)[] = []
  const take = (chunk: Buffer): void => {
    output += chunk.toString()
    watchers.forEach((watch) => watch())
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  const saw = (text: string) =>
    new Promise<void>((resolve) => {
      const watch = () => output.includes(text) && resolve()
      watchers.push(watch)
      watch()
    })
  return { child, exited, saw, output: () => output }
}

describe('runUntilSignal', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('stops once on %s and exits 0', async (signal) => {
    const { child, exited, saw, output } = run('plain')
    await saw('process.started')
    child.kill(signal)
    expect(await exited).toBe(0)
    expect(output().match(/stopping/g)).toHaveLength(1)
    expect(output()).toContain('"process.exited"')
  })

  it('outlives whoever reads its lines', async () => {
    const { child, saw } = run('talks')
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
    await saw('still.here')
    child.stdout?.destroy()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(child.exitCode).toBeNull()
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('exits 1 at a second signal', async () => {
    const { child, exited, saw, output } = run('stop-hangs')
    await saw('process.started')
    child.kill('SIGTERM')
    await saw('stopping')
    child.kill('SIGTERM')
    expect(await exited).toBe(1)
    expect(output()).toContain('second-signal')
  })

  it('exits 1 when stopping takes too long', async () => {
    const { child, exited, saw, output } = run('stop-hangs-briefly')
    await saw('process.started')
    child.kill('SIGTERM')
    expect(await exited).toBe(1)
    expect(output()).toContain('"reason":"timeout"')
  })

  it.each([
    ['throws', 'process.exception-uncaught', true],
    ['rejects', 'process.rejection-unhandled', true],
    ['start-fails', 'process.start-failed', false],
  ] as const)('logs and exits 1 when the program %s', async (mode, event, stopped) => {
    const { exited, output } = run(mode)
    expect(await exited).toBe(1)
    expect(output()).toContain(event)
    expect(output().includes('stopping')).toBe(stopped)
  })

  it('exits 1 when stopping fails', async () => {
    const { child, exited, saw, output } = run('stop-fails')
    await saw('process.started')
    child.kill('SIGTERM')
    expect(await exited).toBe(1)
    expect(output()).toContain('process.stop-failed')
  })

  it('exits 78 naming every bad variable when the environment is bad', async () => {
    const { exited, output } = run('bad-environment')
    expect(await exited).toBe(78)
    expect(output()).toContain('PORT ("abc")')
    expect(output()).toContain('NAME (not set): is required')
  })
})
