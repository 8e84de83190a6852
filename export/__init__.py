"""Export: from a trained model to TFLite and ONNX files that carry their contract. Needs the extra `export`."""
