export { issueCertificate, makeAuthority, selfSignCertificate } from './issue-certificate.ts'
export type { Authority, CertificateOptions, IssuedCertificate } from './issue-certificate.ts'
