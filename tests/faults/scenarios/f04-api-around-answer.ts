import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F4', 'api killed around the 202 and the wake-up')
