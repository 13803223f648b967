import { Agent, request } from 'node:http'

/** Posts again and again over kept-alive connections until nobody listens; counts what came of it. */
export async function postUntilRefused(url: string, token: string, body: string, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const counts: Record<string, number> = {}
  const once = () =>
    new Promise<string>((resolve) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const call = request(`${url}/v1/triggers`, { method: 'POST', agent, headers }, (response) => {
        response.resume()
        response.once('end', () => resolve(String(response.statusCode)))
        response.once('error', () => resolve('broken'))
      })
      call.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'broken'))
      call.end(body)
    })
  const loop = async (): Promise<void> => {
    for (;;) {
      const outcome = await once()
      if (outcome === 'ECONNREFUSED') return
      counts[outcome] = (counts[outcome] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  agent.destroy()
  return counts
}
