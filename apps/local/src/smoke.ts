/** `pnpm smoke`: sends one trigger through the running local stack; the exit code tells whether it was delivered. */
import { createApiClient, createLocalHttp } from './api/create-api-client.ts'
import { checkDelivery } from './smoke/check-delivery.ts'
import { startSmokeReceiver } from './smoke/start-smoke-receiver.ts'
import { requireLocalState } from './stack/local-state.ts'

try {
  const { apiUrl, token, integrationId } = await requireLocalState()
  const receiver = await startSmokeReceiver()
  try {
    const api = createApiClient(createLocalHttp(), apiUrl, token)
    const { id, arrivedAfterMs } = await checkDelivery(api, receiver, integrationId)
    console.log(
      `smoke: ok (trigger ${id} arrived signed after ${arrivedAfterMs} ms and is read back as delivered)`,
    )
  } finally {
    await receiver.close()
  }
} catch (error) {
  console.error(`smoke: failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
