"""The science of facesite: from a photo's bytes to embeddings, and from embeddings to a decision.

Knows no web framework, no queue, no settings and no translations. Bytes, arrays, paths and the
dataclasses of `ml.types` go in; dataclasses or the exceptions of `ml.errors` come out.
"""
