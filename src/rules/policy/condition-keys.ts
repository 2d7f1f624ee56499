/** The condition keys that a bucket policy may ask for: S3's and AWS's global ones. Lower case. */

// Keys that end with a slash are followed by the key of a tag.
const global = `calledvia calledviafirst calledvialast chatbotsourcearn currenttime ec2instancesourceprivateipv4
  ec2instancesourcevpc epochtime federatedprovider multifactorauthage multifactorauthpresent principalaccount
  principalarn principalisawsservice principalorgid principalorgpaths principalservicename
  principalservicenameslist principaltag/ principaltype referer requestedregion requesttag/ resourceaccount
  resourceorgid resourceorgpaths resourcetag/ securetransport sourceaccount sourcearn sourceidentity sourceip
  sourceorgid sourceorgpaths sourceowner sourcevpc sourcevpcarn sourcevpce tagkeys tokenissuetime useragent userid
  username viaawsservice vpceaccount vpceorgid vpceorgpaths vpcsourceip`

const s3 = `accessgrantsinstancearn accesspointnetworkorigin accesspointtag/ authtype buckettag/ create-session-mode
  dataaccesspointaccount dataaccesspointarn dataaccesspointtag/ delimiter destinationregion existingjoboperation
  existingjobpriority existingobjecttag/ if-match if-none-match inventoryaccessibleoptionalfields
  jobsuspendedcause locationconstraint max-keys object-lock-legal-hold object-lock-mode
  object-lock-remaining-retention-days object-lock-retain-until-date objectcreationoperation prefix
  requestjoboperation requestjobpriority requestobjecttag/ requestobjecttagkeys resourceaccount resourcetag/
  signatureage signatureversion tlsversion versionid x-amz-acl x-amz-content-sha256 x-amz-copy-source
  x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write x-amz-grant-write-acp
  x-amz-metadata-directive x-amz-object-ownership x-amz-server-side-encryption
  x-amz-server-side-encryption-aws-kms-key-id x-amz-server-side-encryption-customer-algorithm x-amz-storage-class
  x-amz-website-redirect-location`

const keys = (vendor: string, names: string): string[] =>
  names.split(/\s+/).map(name => `${vendor}:${name}`)

const known: ReadonlySet<string> = new Set([...keys('aws', global), ...keys('s3', s3)])

/** Whether the key, in lower case, is known. Keys of other vendors (identity providers, services) always are. */
export function isConditionKey(key: string): boolean {
  if (!key.startsWith('aws:') && !key.startsWith('s3:')) return /^[^:]+:./.test(key)
  const slash = key.indexOf('/')
  if (slash < 0) return known.has(key)
  return slash < key.length - 1 && known.has(key.slice(0, slash + 1))
}
