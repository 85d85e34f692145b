// Lets Jest run TypeScript the way Node itself does: types are blanked out, so lines and columns stay true.
import { stripTypeScriptTypes } from 'node:module'

export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) }
