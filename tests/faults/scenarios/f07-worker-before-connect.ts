import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F7', 'worker killed between claim and request')
