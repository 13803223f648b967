// Everything that must hold before a change lands, in the order in which it is cheapest to learn of a failure.
import { spawnSync } from 'node:child_process'

const steps = ['format:check', 'types', 'lint', 'lint:imports', 'lint:dead', 'test']

for (const step of steps) {
  const started = performance.now()
  console.log(`\n▶ ${step}`)
  const { status, signal } = spawnSync('pnpm', ['run', step], { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`✘ ${step} failed (${signal ?? `exit code ${status}`})`)
    process.exit(status ?? 1)
  }
  console.log(`✔ ${step} ${((performance.now() - started) / 1000).toFixed(1)} s`)
}
