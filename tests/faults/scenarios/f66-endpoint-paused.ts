import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F66',
  title: 'endpoint paused with a backlog, and resumed',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const paused = await stack.subscribe('/paused')
    const set = (state: string) => stack.call('PATCH', `/v1/subscriptions/${paused.uuid}`, { state })
    const load = startLoad(stack)
    await lasts(1_500)
    const answers = [await set('paused')]
    await lasts(1_500)
    const arrived = (await stack.receiver.lines()).filter(({ path }) => path === '/paused').length
    await lasts(2_500)
    const later = (await stack.receiver.lines()).filter(({ path }) => path === '/paused').length
    answers.push(await set('active'))
    await load.stop()
    const finding = await judge(stack)
    mustHold(
      finding,
      answers.every(({ ok }) => ok),
      'F66 the calls were refused',
    )
    mustHold(finding, arrived === later, `F66 ${later - arrived} requests while it was paused`)
    return finding
  },
}
