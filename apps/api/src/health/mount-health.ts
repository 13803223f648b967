import type { Express, RequestHandler } from 'express'
import { refuseMethod } from '../http/mount-routes.ts'
import { sendAnswer } from '../http/send-answer.ts'
import { readiness, type HealthDeps } from './readiness.ts'

/** The probes. `/livez` says that the process runs and asks nobody. */
export function mountHealth(app: Express, deps: HealthDeps): void {
  const ready: RequestHandler = (request, response, next) => {
    response.locals['route'] = '/readyz'
    const verbose = request.originalUrl.includes('?verbose')
    readiness(deps, verbose).then((answer) => sendAnswer(request, response, answer), next)
  }
  app.get('/livez', (request, response) => {
    response.locals['route'] = '/livez'
    sendAnswer(request, response, { status: 200, body: { status: 'ok' } })
  })
  app.get(['/readyz', '/healthz'], ready)
  app.all(['/livez', '/readyz', '/healthz'], refuseMethod(['GET']))
}
