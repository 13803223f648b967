import type { HttpClient } from './create-api-client.ts'

/** Calls one API with JSON and returns the answer's; `undefined` for an empty one. */
export type Caller = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  json?: object,
  headers?: Record<string, string>,
) => Promise<unknown>

/** Every answer that is not a success is thrown with its status and words. */
export function createCaller(http: HttpClient, baseUrl: string, common: Record<string, string>): Caller {
  return async (method, path, json, headers = {}) => {
    const { statusCode, body } = await http(`${baseUrl}${path}`, {
      method,
      headers: { ...common, ...headers },
      ...(json === undefined ? {} : { json }),
    })
    if (statusCode < 200 || statusCode > 299)
      throw new Error(`${method} ${path} was answered ${statusCode}: ${body}`)
    return body === '' ? undefined : (JSON.parse(body) as unknown)
  }
}
