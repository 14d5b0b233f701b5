"""A large publish in virtual time: the deployed share-out code on an AWS that is made of numbers.

assumptions  every number, with what it stands for        measured   what the bench found, where it ran
timeline     virtual time: one thing runs at a time       run        one publish, or some; what came of it
gateway      API Gateway's quota, and the way through it  functions  Lambda: starts, retries, what is billed
tables       DynamoDB: pages, partitions, items           ids        connection ids, drawn as API Gateway may draw them

Not in it: clients that are gone, slow or hang, other work of the functions, and AWS's errors that no quota causes.
"""
