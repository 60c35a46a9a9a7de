"""Adapters to what others build with: estimators of scikit-learn, pictures of matplotlib."""
