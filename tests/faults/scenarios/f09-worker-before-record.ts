import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F9', 'worker killed between answer and record')
