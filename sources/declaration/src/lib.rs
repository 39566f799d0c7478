//! ringfence.yaml into the model's declaration.
