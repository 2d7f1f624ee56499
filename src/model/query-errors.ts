// Every error that IAM and STS tell a client: one table from code to HTTP status and message, and the class to throw.

/**
 * Codes with AWS's status and, where an operation says nothing nearer, a message. Source: the API references of IAM and
 * STS, "Common errors" and the errors of the operations' own pages.
 */
export const queryErrorTable = {
  AccessDenied: [403, 'Access Denied'],
  ConcurrentModification: [409, 'Others keep changing the same account. Please try again.'],
  DeleteConflict: [409, 'Cannot delete an entity that others refer to.'],
  EntityAlreadyExists: [409, 'The entity exists already.'],
  ExpiredToken: [403, 'The security token included in the request is expired'],
  ExpiredTokenException: [400, 'The web identity token that was passed is expired.'],
  IDPCommunicationError: [400, 'The identity provider could not be reached. Please try again.'],
  IDPRejectedClaim: [403, 'The identity provider reported that authentication failed.'],
  IncompleteSignature: [400, 'The request signature does not conform to AWS standards.'],
  InsufficientStorage: [507, 'The disk of this server is full. Try again once there is room.'],
  InternalFailure: [500, 'The request failed because of an internal error.'],
  InvalidAction: [400, 'The action or operation requested is not valid.'],
  InvalidClientTokenId: [403, 'The security token included in the request is invalid.'],
  InvalidIdentityToken: [400, 'The web identity token that was passed could not be validated.'],
  InvalidInput: [400, 'An input parameter was not valid.'],
  InvalidParameterValue: [400, 'A parameter has a value that is not valid.'],
  LimitExceeded: [409, 'A limit of the account is exceeded.'],
  MalformedInput: [400, 'The request body is malformed.'],
  MalformedPolicyDocument: [400, 'The policy document is malformed.'],
  MissingAction: [400, 'The request is missing an action.'],
  MissingAuthenticationToken: [403, 'Request is missing Authentication Token'],
  NoSuchEntity: [404, 'The entity cannot be found.'],
  NotImplemented: [501, 'The action is not implemented.'],
  PackedPolicyTooLarge: [400, 'The session policies and tags are larger than a session can carry.'],
  RequestExpired: [400, 'The request reached the service too late.'],
  ServiceUnavailable: [503, 'The service cannot answer now. Please try again.'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  ],
  Throttling: [400, 'Rate exceeded'],
  UnmodifiableEntity: [400, 'The entity is declared elsewhere and cannot be changed here.'],
  ValidationError: [400, 'The input fails to satisfy the constraints of the service.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type QueryErrorCode = keyof typeof queryErrorTable

/** An answer in the words of IAM and STS. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
  readonly code: QueryErrorCode
  /** The HTTP status. */
  readonly status: number

  constructor(code: QueryErrorCode, message?: string) {
    const [status, standard] = queryErrorTable[code]
    super(message ?? standard)
    this.code = code
    this.status = status
  }
}
