/** Run by start-process.int.test.ts: starts chatty.ts, prints its process id and waits to be killed. */
import { fileURLToPath } from 'node:url'
import { startProcess } from '@waybill/testing'

const chatty = startProcess({ program: fileURLToPath(new URL('chatty.ts', import.meta.url)) })
await chatty.waitForLine(({ fields }) => fields['message'] === 'process.started')
console.log(JSON.stringify({ child: chatty.pid }))
setInterval(() => {}, 60_000)
