import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F6', 'worker killed between job and claim')
