import { connect } from 'node:net'
import { expect, it } from '@jest/globals'
import { redisServerPath, startRedis } from '@waybill/testing'

// No Redis on this machine: what is left to check is that it says so.
if (redisServerPath() === undefined) {
  it('says that there is no Redis to start', async () => {
    await expect(startRedis()).rejects.toThrow(/neither redis-server nor valkey-server/)
  })
} else {
  it('comes back after a SIGKILL on the same address with what was acknowledged', async () => {
    const redis = await startRedis({ appendonly: true })
    expect(await send(redis.url, 'SET greeting hello')).toBe('+OK')
    const before = redis.pid
    await redis.kill('SIGKILL')
    await expect(send(redis.url, 'PING')).rejects.toThrow(/ECONNREFUSED/)
    await redis.restart()
    expect(redis.pid).not.toBe(before)
    expect(await send(redis.url, 'GET greeting')).toBe('$5\r\nhello')
    await redis.stop()
    await expect(send(redis.url, 'PING')).rejects.toThrow(/ECONNREFUSED/)
  })

  it('says why a server does not start', async () => {
    const redis = await startRedis()
    await expect(startRedis({ port: Number(new URL(redis.url).port) })).rejects.toThrow(/already in use/i)
    await redis.stop()
  })
}

function send(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${command}\r\n`))
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().trim())
    })
  })
}
