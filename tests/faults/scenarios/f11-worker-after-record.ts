import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F11', 'worker killed between record and the next wake-up')
