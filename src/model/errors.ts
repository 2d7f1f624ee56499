// Every error that S3 tells a client: one table from code to HTTP status and message, and the one class to throw.

/**
 * S3's error codes with AWS's status and, where clients are known to look at it, AWS's message. Source: Amazon S3 API
 * reference, "Error responses", the errors of the operations' own pages, and what AWS is seen to answer.
 */
export const errorTable = {
  AccessControlListNotSupported: [400, 'The bucket does not allow ACLs'],
  AccessDenied: [403, 'Access Denied'],
  AccessForbidden: [403, 'Access Forbidden'],
  AccessPointAlreadyOwnedByYou: [
    409,
    'An access point with this name exists and is yours already.',
  ],
  AccountProblem: [403, 'The state of your account prevents this operation.'],
  AllAccessDisabled: [403, 'All access to this resource has been disabled.'],
  AmbiguousGrantByEmailAddress: [400, 'This email address belongs to more than one account.'],
  AuthorizationHeaderMalformed: [400, 'The authorization header that you provided is not valid.'],
  AuthorizationQueryParametersError: [
    400,
    'The authorization query parameters that you provided are not valid.',
  ],
  BadDigest: [400, 'The Content-MD5 you specified did not match what we received.'],
  BadRequest: [400, 'Bad Request'],
  BucketAlreadyExists: [
    409,
    'The requested bucket name is not available. Names are shared by all users; please choose another.',
  ],
  BucketAlreadyOwnedByYou: [
    409,
    'Your previous request to create the named bucket succeeded and you already own it.',
  ],
  BucketHasAccessPointsAttached: [400, 'The bucket cannot be deleted while it has access points.'],
  BucketNotEmpty: [409, 'The bucket you tried to delete is not empty'],
  ClientTokenConflict: [409, 'This idempotency token was used for another request.'],
  ConditionalRequestConflict: [
    409,
    'A conflicting operation was under way on this resource. Please try again.',
  ],
  ConnectionClosedByRequester: [400, 'The client closed the connection.'],
  ContentMD5Empty: [400, 'The Content-MD5 header must not be empty.'],
  CredentialsNotSupported: [400, 'This request does not support credentials.'],
  CrossLocationLoggingProhibited: [
    403,
    'Logs cannot be delivered to a bucket of another location.',
  ],
  DeviceNotActiveError: [400, 'The device is not active.'],
  EndpointNotFound: [400, 'Please direct requests to the right endpoint.'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed size'],
  EntityTooSmall: [400, 'Your proposed upload is smaller than the minimum allowed size'],
  ExpiredToken: [400, 'The provided token has expired.'],
  Forbidden: [403, 'Forbidden'],
  FunctionAlreadyExists: [409, 'A function with this name exists already.'],
  GatewayTimeout: [504, 'An upstream server did not answer in time. Please try again.'],
  IdempotencyException: [400, 'This idempotency token was used with other parameters.'],
  IdempotencyParameterMismatch: [400, 'This client token was used with other parameters.'],
  IllegalLocationConstraintException: [
    400,
    'The location constraint is incompatible for the region specific endpoint this request was sent to.',
  ],
  IllegalVersioningConfigurationException: [
    400,
    'The versioning configuration specified in the request is invalid.',
  ],
  IncompleteBody: [
    400,
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  ],
  IncorrectEndpoint: [400, 'The bucket exists in another region. Send requests to its endpoint.'],
  IncorrectNumberOfFilesInPostRequest: [400, 'POST requires exactly one file upload per request.'],
  InlineDataTooLarge: [400, 'Inline data exceeds the maximum allowed size.'],
  InsufficientStorage: [
    507,
    'The disk of this server is full. Objects can be read and deleted, and written again once there is room.',
  ],
  InternalError: [500, 'We encountered an internal error. Please try again.'],
  InvalidAccessKeyId: [403, 'The AWS Access Key Id you provided does not exist in our records.'],
  InvalidAccessPoint: [400, 'The access point name or account is not valid.'],
  InvalidAddressingHeader: [400, 'You must specify the Anonymous role.'],
  InvalidArgument: [400, 'Invalid Argument'],
  InvalidBucketAclWithBlockPublicAccessError: [
    400,
    'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
  ],
  InvalidBucketAclWithObjectOwnership: [
    400,
    'Bucket cannot have ACLs set with ObjectOwnership’s BucketOwnerEnforced setting',
  ],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidBucketOwnerAWSAccountID: [
    400,
    'The value of the expected bucket owner parameter must be an AWS account ID.',
  ],
  InvalidBucketState: [409, 'The request is not valid with the current state of the bucket.'],
  InvalidChunkSizeError: [
    403,
    'Only the last chunk is allowed to have a size less than 8192 bytes',
  ],
  InvalidCopySourceEncoding: [400, 'The copy source must be URL-encoded UTF-8.'],
  InvalidDigest: [400, 'The Content-MD5 you specified was invalid.'],
  InvalidEncryptionAlgorithmError: [400, 'The encryption request that you specified is not valid.'],
  InvalidHostHeader: [400, 'The host header does not name a bucket or endpoint of this service.'],
  InvalidHttpMethod: [400, 'The request uses an HTTP method that S3 does not know.'],
  InvalidIdentityToken: [400, 'The identity token that you provided is not valid.'],
  InvalidLocationConstraint: [400, 'The specified location-constraint is not valid'],
  InvalidObjectName: [400, 'The specified object name is not valid.'],
  InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  ],
  InvalidPartNumber: [416, 'The requested partnumber is not satisfiable'],
  InvalidPartOrder: [
    400,
    'The list of parts was not in ascending order. Parts must be ordered by part number.',
  ],
  InvalidPayer: [403, 'All access to this object has been disabled.'],
  InvalidPolicyDocument: [
    400,
    'The content of the form does not meet the conditions specified in the policy document.',
  ],
  InvalidRange: [416, 'The requested range is not satisfiable'],
  InvalidRegion: [403, 'The region is not valid for this request.'],
  InvalidRequest: [400, 'Invalid Request'],
  InvalidSecurity: [403, 'The provided security credentials are not valid.'],
  InvalidSessionException: [400, 'The session does not exist or is no longer valid.'],
  InvalidSignature: [400, 'The request signature that the server calculated does not match.'],
  InvalidStorageClass: [400, 'The storage class you specified is not valid'],
  InvalidTag: [400, 'The tag provided was not a valid tag.'],
  InvalidTargetBucketForLogging: [
    400,
    'The target bucket for logging does not exist, is not yours, or lacks the grants for log delivery.',
  ],
  InvalidToken: [400, 'The provided token is malformed or otherwise invalid.'],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  InvalidVolumeName: [
    400,
    'A volume is named as a bucket is: 3 to 63 lower-case letters, digits, hyphens and dots.',
  ],
  InvalidWriteOffset: [
    400,
    'The write offset value that you specified does not match the object size.',
  ],
  KeyTooLongError: [400, 'Your key is too long'],
  'KMS.DisabledException': [400, 'The key is disabled.'],
  'KMS.InvalidKeyUsageException': [400, 'The key cannot be used for this operation.'],
  'KMS.KMSInvalidStateException': [400, 'The state of the key does not allow this request.'],
  'KMS.NotFoundException': [400, 'Invalid keyId'],
  LambdaInvalidResponse: [400, 'The function answered in a form that is not valid.'],
  LambdaNotFound: [404, 'The function was not found.'],
  LambdaTimeout: [400, 'The function did not answer in time.'],
  MalformedACLError: [
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  ],
  MalformedPolicy: [400, 'The policy document is not valid.'],
  MalformedPOSTRequest: [
    400,
    'The body of your POST request is not well-formed multipart/form-data.',
  ],
  MalformedTrailerError: [
    400,
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  ],
  MalformedXML: [
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  ],
  MaxMessageLengthExceeded: [400, 'Your request was too big.'],
  MaxPostPreDataLengthExceeded: [
    400,
    'Your POST request fields preceding the upload file were too large.',
  ],
  MetadataTooLarge: [400, 'Your metadata headers exceed the maximum allowed metadata size'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingAttachment: [400, 'A SOAP attachment was expected, but none was found.'],
  MissingAuthenticationToken: [403, 'The request must contain an authentication token.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  MissingRequestBodyError: [400, 'Request Body is empty'],
  MissingSecurityElement: [400, 'The request is missing a security element.'],
  MissingSecurityHeader: [400, 'Your request was missing a required header'],
  NoLoggingStatusForKey: [400, 'There is no such thing as a logging status subresource for a key.'],
  NoSuchAccessPoint: [404, 'The specified accesspoint does not exist'],
  NoSuchAccessPointPolicy: [404, 'The accesspoint policy does not exist'],
  NoSuchAnnotation: [404, 'The specified annotation does not exist.'],
  NoSuchAsyncRequest: [404, 'The specified asynchronous request does not exist.'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist'],
  NoSuchConfiguration: [404, 'The specified configuration does not exist.'],
  NoSuchCORSConfiguration: [404, 'The CORS configuration does not exist'],
  NoSuchEntity: [404, 'The entity does not exist.'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchLifecycleConfiguration: [404, 'The lifecycle configuration does not exist'],
  NoSuchObjectLockConfiguration: [
    404,
    'The specified object does not have a ObjectLock configuration',
  ],
  NoSuchPublicAccessBlockConfiguration: [
    404,
    'The public access block configuration was not found',
  ],
  NoSuchResource: [404, 'The specified resource does not exist.'],
  NoSuchTagSet: [404, 'The TagSet does not exist'],
  NoSuchTagSetError: [404, 'There is no tag set associated with the bucket.'],
  NoSuchUpload: [
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  ],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  NoSuchVolume: [404, 'The specified volume does not exist.'],
  NoSuchWebsiteConfiguration: [404, 'The specified bucket does not have a website configuration'],
  NotDeviceOwnerError: [400, 'The device that produced the token is not owned by the user.'],
  NotImplemented: [
    501,
    'A header or query you provided requests functionality that is not implemented.',
  ],
  NotModified: [304, 'Not Modified'],
  NotSignedUp: [403, 'Your account is not signed up for this service.'],
  ObjectAlreadyInActiveTierError: [403, 'This object is in an active tier already.'],
  ObjectLockConfigurationNotFoundError: [
    404,
    'Object Lock configuration does not exist for this bucket',
  ],
  ObjectNotAppendable: [409, 'The object is not appendable.'],
  ObjectNotInActiveTierError: [
    403,
    'The source object of the COPY action is not in the active tier.',
  ],
  OperationAborted: [
    409,
    'A conflicting conditional operation is currently in progress against this resource. Please try again.',
  ],
  OverMaxRecordSize: [400, 'A record of the input is longer than the maximum.'],
  OwnershipControlsNotFoundError: [404, 'The bucket ownership controls were not found'],
  ParentKeyNotFound: [404, 'The parent of the key does not exist.'],
  PermanentRedirect: [
    301,
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
  ],
  PreconditionFailed: [412, 'At least one of the pre-conditions you specified did not hold'],
  QuotaExceeded: [403, 'The quota of the bucket, its volume, its owner or the user is exhausted.'],
  Redirect: [307, 'Please re-send this request to the specified temporary endpoint.'],
  ReplicationConfigurationNotFoundError: [404, 'The replication configuration was not found'],
  RequestExpired: [400, 'Request has expired.'],
  RequestHeaderSectionTooLarge: [
    400,
    'Your request header section exceeds the maximum allowed request header section size.',
  ],
  RequestIsNotMultiPartContent: [
    400,
    'Bucket POST must be of the enclosure-type multipart/form-data.',
  ],
  RequestTimeout: [
    400,
    'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
  ],
  RequestTimeTooSkewed: [
    403,
    'The difference between the request time and the current time is too large.',
  ],
  RequestTorrentOfBucketError: [400, 'Requesting the torrent file of a bucket is not permitted.'],
  ResponseInterrupted: [400, 'The connection closed before the response was complete.'],
  RestoreAlreadyInProgress: [409, 'Object restore is already in progress'],
  S3ControlError: [400, 'The request to the control plane is not valid.'],
  ServerSideEncryptionConfigurationNotFoundError: [
    404,
    'The server side encryption configuration was not found',
  ],
  ServiceUnavailable: [503, 'Please reduce your request rate.'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  SlowDown: [503, 'Please reduce your request rate.'],
  TableAlreadyExists: [409, 'The table exists already.'],
  TemporaryRedirect: [307, 'You are being redirected to the bucket while DNS updates.'],
  TokenCodeInvalidError: [
    400,
    'The serial number or the token code that you provided is not valid.',
  ],
  TokenRefreshRequired: [400, 'The provided token must be refreshed.'],
  TooManyAccessPoints: [400, 'You have attempted to create more access points than allowed.'],
  TooManyAnnotations: [400, 'The object has more annotations than allowed.'],
  TooManyBuckets: [400, 'You have attempted to create more buckets than allowed'],
  TooManyConfigurations: [400, 'You have attempted to create more configurations than allowed.'],
  TooManyLinks: [400, 'The links of this bucket lead in a circle, or over too many steps.'],
  TooManyParts: [400, 'You have attempted to add more parts than the maximum allowed.'],
  TooManyWriteOffset: [400, 'The object was appended to more often than the maximum allowed.'],
  UnauthorizedAccess: [403, 'You are not authorized to perform this operation.'],
  UnexpectedContent: [400, 'This request contains unsupported content.'],
  UnexpectedIPError: [403, 'This request was rejected because the IP was unexpected.'],
  UnresolvableGrantByEmailAddress: [
    400,
    'The e-mail address you provided does not match any account on record.',
  ],
  UnsupportedArgument: [400, 'The request contained an unsupported argument.'],
  UnsupportedOperation: [400, 'The specified operation is not supported.'],
  UnsupportedSignature: [400, 'The request is signed with an unsupported signature version.'],
  UserKeyMustBeSpecified: [
    400,
    'The bucket POST must contain a field named key; if it is present, check the order of the fields.',
  ],
  VolumeAlreadyExists: [409, 'The volume belongs to another account.'],
  VolumeNotEmpty: [409, 'The volume you tried to delete has buckets.'],
  XAmzContentChecksumMismatch: [
    400,
    'The content checksum does not match the checksum that you sent.',
  ],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type ErrorCode = keyof typeof errorTable

/** Further elements of the error's XML: `Key`, `BucketName`, `Condition`, `ActualObjectSize` … */
export type ErrorFields = Readonly<Record<string, string | number>>

const noFields: ErrorFields = Object.freeze({})

/** An answer in S3's own words. Anything else that is thrown is a bug and is told as `InternalError`. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly code: ErrorCode
  /** The HTTP status. */
  readonly status: number
  readonly fields: ErrorFields
  /** Headers of the answer: name, value, name, value … */
  readonly headers: string[] = []

  constructor(code: ErrorCode, fields: ErrorFields = noFields, message?: string) {
    const [status, standard] = errorTable[code]
    super(message ?? standard)
    this.code = code
    this.status = status
    this.fields = fields
  }
}

/** Whether `code` is one of S3's error codes. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code)
