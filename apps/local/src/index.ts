export { readLocalState, type LocalState } from './stack/local-state.ts'
