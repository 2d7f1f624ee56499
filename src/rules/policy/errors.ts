/** The error of a policy that breaks the language. */

/** Its message is AWS's sentence; callers give it the code: MalformedPolicy of S3, MalformedPolicyDocument of IAM. */
export class PolicyError extends Error {
  override name = 'PolicyError'
}
