/** Run by start-process.int.test.ts: logs, then waits; SIGTERM ends it, unless told to be stubborn. */
process.on('SIGTERM', () => {
  if (process.env['STUBBORN'] === undefined) process.exit(3)
})
setInterval(() => {}, 60_000)
console.error('a warning')
console.log(
  JSON.stringify({ message: 'process.started', args: process.argv.slice(2), leaked: process.env['LEAK'] }),
)
if (process.argv[2] === 'crash') throw new Error('out of paper')
