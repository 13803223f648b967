import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F13', 'worker killed with its job processed and not completed')
