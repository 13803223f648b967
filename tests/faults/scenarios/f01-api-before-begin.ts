import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F1', 'api killed before the statement is sent')
