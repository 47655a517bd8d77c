// AWS's SDK for JavaScript (v3) against a server that serve.py has started (VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT as NODE_EXTRA_CA_CERTS).
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const {
  SecretsManagerClient, BatchGetSecretValueCommand, CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetRandomPasswordCommand, GetSecretValueCommand, ListSecretsCommand,
  ListSecretVersionIdsCommand, PutSecretValueCommand, ResourceExistsException, ResourceNotFoundException, RestoreSecretCommand, TagResourceCommand, UpdateSecretCommand, UpdateSecretVersionStageCommand,
} = require('@aws-sdk/client-secrets-manager');
const { STSClient, GetCallerIdentityCommand, AssumeRoleCommand } = require('@aws-sdk/client-sts');
const { NodeHttpHandler } = require('@smithy/node-http-handler');
const { Agent } = require('node:https');
const { readFileSync } = require('node:fs');
const vault = require('node-vault')({ apiVersion: 'v1', endpoint: process.env.VAULT_ADDR, token: process.env.VAULT_TOKEN });

const endpoint = process.env.VAULT_ADDR;
const requestHandler = new NodeHttpHandler({ httpsAgent: new Agent({ ca: readFileSync(process.env.VAULT_CACERT) }) });
const settings = (credentials) => ({ endpoint, region: 'us-east-1', requestHandler, maxAttempts: 1, credentials });
let credentials;

test.before(async () => {
  const mounts = (await vault.mounts()).data;
  if (!mounts['secret/']) await vault.mount({ mount_point: 'secret', type: 'kv', options: { version: '2' } });
  if (!(await vault.auths()).data['aws-keys/']) await vault.enableAuth({ mount_point: 'aws-keys', type: 'aws-keys' });
  await vault.addPolicy({ name: 'aws-all', rules: 'path "*" { capabilities = ["create", "read", "update", "delete", "list"] }' });
  const made = (await vault.write('auth/aws-keys/keys', { user: 'js', token_policies: ['aws-all'] })).data;
  credentials = { accessKeyId: made.access_key_id, secretAccessKey: made.secret_access_key };
});

test('a signed request is taken', async () => {
  const answer = await new SecretsManagerClient(settings(credentials)).send(new GetRandomPasswordCommand({ PasswordLength: 24 }));
  assert.equal(answer.RandomPassword.length, 24);
  assert.equal(answer.$metadata.requestId.length, 36);
});

test('errors have their types', async () => {
  const client = new SecretsManagerClient(settings(credentials));
  await assert.rejects(client.send(new GetRandomPasswordCommand({ PasswordLength: 1 })), { name: 'InvalidParameterException', message: 'Password length is too short based on the required types.' });
  const wrong = new SecretsManagerClient(settings({ ...credentials, secretAccessKey: 'wrong' }));
  await assert.rejects(wrong.send(new ListSecretsCommand({})), { name: 'InvalidSignatureException' });
  const unknown = new SecretsManagerClient(settings({ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x' }));
  await assert.rejects(unknown.send(new ListSecretsCommand({})), { name: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' });
});

test('who am I, and a session of a role', async () => {
  const sts = new STSClient(settings(credentials));
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, 'arn:aws:iam::123456789012:user/js');
  await vault.write('auth/aws-keys/roles/js-role', { token_policies: ['aws-all'] });
  const session = (await sts.send(new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::123456789012:role/js-role', RoleSessionName: 'one' }))).Credentials;
  assert.ok(session.Expiration > new Date());
  const client = new SecretsManagerClient(settings({ accessKeyId: session.AccessKeyId, secretAccessKey: session.SecretAccessKey, sessionToken: session.SessionToken }));
  assert.equal((await client.send(new GetRandomPasswordCommand({}))).RandomPassword.length, 32);
});

test('the life of a secret', async () => {
  const client = new SecretsManagerClient(settings(credentials));
  const Name = `js/${process.pid}/app`;
  const made = await client.send(new CreateSecretCommand({ Name, SecretString: '{"user": "ann"}', Description: 'd', Tags: [{ Key: 'a', Value: 'b' }] }));
  const got = await client.send(new GetSecretValueCommand({ SecretId: made.ARN }));
  assert.equal(got.SecretString, '{"user": "ann"}');
  assert.ok(got.CreatedDate instanceof Date && Math.abs(got.CreatedDate - Date.now()) < 60000);
  const put = await client.send(new PutSecretValueCommand({ SecretId: Name, SecretBinary: new Uint8Array([0, 255, 1]), VersionStages: ['AWSPENDING'] }));
  assert.deepEqual([...(await client.send(new GetSecretValueCommand({ SecretId: Name, VersionStage: 'AWSPENDING' }))).SecretBinary], [0, 255, 1]);
  await client.send(new UpdateSecretVersionStageCommand({ SecretId: Name, VersionStage: 'AWSCURRENT', RemoveFromVersionId: made.VersionId, MoveToVersionId: put.VersionId }));
  const described = await client.send(new DescribeSecretCommand({ SecretId: Name }));
  assert.deepEqual(described.VersionIdsToStages[made.VersionId], ['AWSPREVIOUS']);
  assert.deepEqual(described.Tags, [{ Key: 'a', Value: 'b' }]);
  await client.send(new TagResourceCommand({ SecretId: Name, Tags: [{ Key: 'c', Value: 'd' }] }));
  await client.send(new UpdateSecretCommand({ SecretId: Name, SecretString: 'text' }));
  assert.equal((await client.send(new ListSecretVersionIdsCommand({ SecretId: Name }))).Versions.length, 2);
  assert.deepEqual((await client.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [Name] }] }))).SecretList.map((one) => one.Name), [Name]);
  const batch = await client.send(new BatchGetSecretValueCommand({ SecretIdList: [Name, 'missing'] }));
  assert.deepEqual([batch.SecretValues[0].SecretString, batch.Errors[0].ErrorCode], ['text', 'ResourceNotFoundException']);
  await assert.rejects(client.send(new CreateSecretCommand({ Name, SecretString: 'x' })), ResourceExistsException);
  await client.send(new DeleteSecretCommand({ SecretId: Name }));
  await client.send(new RestoreSecretCommand({ SecretId: Name }));
  await client.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
  await assert.rejects(client.send(new GetSecretValueCommand({ SecretId: Name })), ResourceNotFoundException);
});
