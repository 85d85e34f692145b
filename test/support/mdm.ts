// An HL7 v2 MDM message as RiO might send it, about a synthetic person, with whatever a test wants otherwise.

export type MdmOptions = {
  readonly event?: string
  readonly type?: string
  readonly controlId?: string
  readonly time?: string
  readonly processingId?: string
  readonly version?: string
  /** MSH-15, MSH-16, MSH-18. */
  readonly accept?: string
  readonly application?: string
  readonly charset?: string
  readonly documentId?: string
  readonly picklist?: string
  readonly family?: string
  /** Whole OBX segments; by default one ED with `file` in base64. */
  readonly obx?: readonly string[]
  readonly file?: Buffer | string
  readonly lineEnd?: string
}

export const aMdm = (options: MdmOptions = {}): string => {
  const {
    event = 'T02', type = 'MDM', controlId = 'MSG0001', time = '20261120110210', processingId = 'P', version = '2.5', accept = '', application = '', charset = '',
    documentId = 'RIO-1000123', picklist = 'MH share with patient', family = 'Example', file = '%PDF-1.7 a letter\n%%EOF\n', lineEnd = '\r',
  } = options
  const obx = options.obx ?? [`OBX|1|ED|CLIN^Clinic letter||RIO^AP^PDF^Base64^${Buffer.from(file).toString('base64')}||||||F`]
  return [
    `MSH|^~\\&|RIO|RWK|OPENLETTER|RWK|${time}||${type}^${event}^MDM_${event}|${controlId}|${processingId}|${version}|||${accept}|${application}||${charset}`,
    `EVN|${event}|20261120110210`,
    `PID|1||C123^^^RWK^MR~9990000018^^^NHS^NH||${family}^Ada||19700101|F|||1 High Street^^London^^E1 4AA|||||||||||||||||||||01`,
    'PV1|1|O|ADULT1',
    `TXA|1|CLIN^${picklist}|AP|20261120103000|||||^Example^Dr^^^^^^^^^^^RWK|||${documentId}||||CLIN Clinic letter.pdf|AU||AV`,
    ...obx,
  ].join(lineEnd) + lineEnd
}
