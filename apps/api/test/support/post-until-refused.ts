import { Agent, request } from 'node:http'

export const clientKinds = ['keep-alive', 'fetch', 'a connection a call'] as const
export type ClientKind = (typeof clientKinds)[number]

type Post = { url: string; token: string; body: string }

/** Posts again and again, from several sides at once, until nobody listens; counts what came of it. */
export async function postUntilRefused(kind: ClientKind, post: Post, atOnce: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const counts: Record<string, number> = {}
  const call = kind === 'fetch' ? fetched : (one: Post) => requested(one, kind === 'keep-alive' && agent)
  const loop = async (): Promise<void> => {
    for (;;) {
      const outcome = await call(post)
      if (outcome === 'ECONNREFUSED') return
      counts[outcome] = (counts[outcome] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, loop))
  agent.destroy()
  return counts
}

const headersFor = (token: string) => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
})

function requested({ url, token, body }: Post, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const options = { method: 'POST', agent, headers: headersFor(token) }
    const call = request(`${url}/v1/triggers`, options, (response) => {
      response.resume()
      response.once('end', () => resolve(String(response.statusCode)))
      response.once('error', () => resolve('broken'))
    })
    call.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'broken'))
    call.end(body)
  })
}

async function fetched({ url, token, body }: Post): Promise<string> {
  try {
    const answer = await fetch(`${url}/v1/triggers`, { method: 'POST', headers: headersFor(token), body })
    await answer.text()
    return String(answer.status)
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } }
    return cause?.code ?? 'broken'
  }
}
