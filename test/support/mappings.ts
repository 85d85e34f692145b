// The two mappings of this repository, for tests of parsing alone.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { hl7Mapping as hl7Schema, uploadMapping as uploadSchema } from '../../src/policy/schema.ts'

const read = (name: string): unknown => parse(readFileSync(new URL(`../../mappings/${name}.yaml`, import.meta.url), 'utf8'))

export const hl7Mapping = hl7Schema.parse(read('rio-hl7-mdm'))
export const uploadMapping = uploadSchema.parse(read('rio-upload'))
