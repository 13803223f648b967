import { tourScenario } from '../support/tour-scenario.ts'

export const scenario = tourScenario('F3', 'api killed after COMMIT, before the answer and the wake-up')
