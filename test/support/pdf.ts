// A small PDF that says plainly how many pages it has, with as much padding as a test wants.

/** `bytes`: at least so long; the padding is a comment and is different for each `mark`. */
export const aPdf = ({ pages = 1, bytes = 0, mark = 'letter' }: { pages?: number; bytes?: number; mark?: string } = {}): Buffer => {
  const kids = Array.from({ length: pages }, (_, index) => `${index + 3} 0 R`).join(' ')
  const objects = [
    '1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n',
    `2 0 obj\n<< /Type /Pages /Kids [${kids}] /Count ${pages} >>\nendobj\n`,
    ...Array.from({ length: pages }, (_, index) => `${index + 3} 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n`),
  ]
  const body = `%PDF-1.7\n% ${mark}\n${objects.join('')}`
  const end = `xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`
  const padding = Math.max(0, bytes - body.length - end.length)
  return Buffer.concat([Buffer.from(body, 'latin1'), Buffer.alloc(padding, '% padding padding padding padding\n'), Buffer.from(end, 'latin1')])
}
