//! Classes, properties and methods as text.

use cim::Value;
use cim::{
    CimType, ClassDeclaration, MethodDeclaration, Name, Parameter, PropertyType, Qualifiers,
};

use super::Writer;

impl Writer {
    pub(super) fn class(&mut self, class: &ClassDeclaration) {
        self.class_without_end(class);
        self.push(";\n");
    }

    pub(super) fn class_without_end(&mut self, class: &ClassDeclaration) {
        self.qualifiers(&class.qualifiers, "\n");
        self.class_after_qualifiers(class);
    }

    pub(super) fn class_after_qualifiers(&mut self, class: &ClassDeclaration) {
        self.push("class ");
        self.push(class.name.as_str());
        if let Some(superclass) = &class.superclass {
            self.push(" : ");
            self.push(superclass.as_str());
        }
        self.line();
        self.push("{");
        self.depth += 1;
        for property in &class.properties {
            self.line();
            self.variable(&property.qualifiers, &property.ty, &property.name);
            self.default(property.default.as_ref());
            self.push(";");
        }
        for method in &class.methods {
            self.line();
            self.method(method);
        }
        self.depth -= 1;
        self.line();
        self.push("}");
    }

    fn variable(&mut self, qualifiers: &Qualifiers, ty: &PropertyType, name: &Name) {
        self.qualifiers(qualifiers, " ");
        self.ty(ty);
        self.push(" ");
        self.push(name.as_str());
        if ty.is_array {
            self.push("[]");
        }
    }

    fn default(&mut self, default: Option<&Value>) {
        if let Some(default) = default {
            self.push(" = ");
            self.value(default);
        }
    }

    fn ty(&mut self, ty: &PropertyType) {
        let class = ty.class.as_ref().map(Name::as_str);
        match ty.cim {
            CimType::Reference => {
                self.push(class.unwrap_or("object"));
                self.push(" ref");
            }
            CimType::Object => self.push(class.unwrap_or("object")),
            cim => self.push(cim.keyword()),
        }
    }

    fn method(&mut self, method: &MethodDeclaration) {
        self.qualifiers(&method.qualifiers, " ");
        match &method.return_type {
            Some(ty) => self.ty(ty),
            None => self.push("void"),
        }
        self.push(" ");
        self.push(method.name.as_str());
        self.push("(");
        // The place is the Id, which is not written.
        for (i, parameter) in method.parameters.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            let Parameter { name, ty, default, qualifiers } = parameter;
            self.variable(qualifiers, ty, name);
            self.default((!default.is_null()).then_some(default));
        }
        self.push(");");
    }
}
